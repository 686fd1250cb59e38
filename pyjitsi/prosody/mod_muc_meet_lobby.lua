-- The door of a room for members only: strangers are sent to its lobby, a room of the same name on `meet_lobby`, until
-- a moderator lets them in (4-services 2.4). What happens inside the lobby is mod_muc_meet_lobby_room's.
--
-- A room that has a password too opens to whoever knows it, and members need none: they were let in before, and are
-- never told it (JSA-2024-0001).
--
-- Other modules fire "meet-lobby" on this host, with {room, enabled, persistent?, waiting?, actor?}: `persistent` keeps
-- the room while somebody waits in its lobby, `waiting` tells those who knock that they wait for a host.

local st = require "util.stanza";
local json = require "util.json";
local jid_bare = require "util.jid".bare;
local jid_host = require "util.jid".host;
local jid_join = require "util.jid".join;
local jid_node = require "util.jid".node;
local jid_prep = require "util.jid".prep;
local modulemanager = require "core.modulemanager";

local JITMEET = "http://jitsi.org/jitmeet";
local MUC = "http://jabber.org/protocol/muc";
local MUC_USER = MUC .. "#user";

local lobby_host = module:get_option_string("meet_lobby");
local focus = module:get_option_string("meet_focus");
-- Domains of services, such as recorders: they enter without knocking and without the password.
local services = module:get_option_set("meet_services_enter", {});
local name_required = module:get_option_boolean("meet_lobby_display_name_required", true);

local muc = module:depends "muc";

local function lobby_of(room)
	local lobbies = room._data.lobbyroom and modulemanager.get_module(lobby_host, "muc");
	return lobbies and lobbies.get_room_from_jid(room._data.lobbyroom) or nil;
end

-- Said to everybody, as if by the moderator who did it. Clients read "&lt;" and its like in the text as HTML.
local function notify(room, actor, body)
	local moderator = actor and room:get_occupant_by_real_jid(actor);
	body.type = "lobby-notify";
	room:broadcast_message(st.message({ type = "groupchat", from = moderator and moderator.nick or room.jid })
		:tag("json-message", { xmlns = JITMEET }):text((json.encode(body):gsub("&", "\\u0026"))));
end

-- Nobody who is inside is put out because the door closes.
local function make_members(room)
	for _, occupant in room:each_occupant() do
		if not room:get_affiliation(occupant.bare_jid) then
			room:set_affiliation(true, occupant.bare_jid, "member");
		end
	end
	module:fire_event("meet-members", { room = room });
end

local function open(room, actor)
	local lobbies = modulemanager.get_module(lobby_host, "muc");
	local address = jid_join(jid_node(room.jid), lobby_host);
	local lobby = lobbies and (lobbies.get_room_from_jid(address) or lobbies.create_room(address));
	if not lobby then
		module:log("error", "%s can't be opened", address);
		return;
	end
	lobby:set_persistent(true);
	lobby:set_historylength(0);
	room._data.lobbyroom = address;
	notify(room, actor, { event = "LOBBY-ENABLED", value = true });
end

-- `alternate` is where those who wait go to; without it the meeting is over for them.
local function close(room, alternate, reason)
	local lobby = lobby_of(room);
	room._data.lobbyroom = nil;
	if lobby then
		lobby:set_persistent(false);
		lobby:destroy(alternate, reason);
	end
end

local function follow(room, actor)
	if room:get_members_only() and not room._data.lobbyroom then
		open(room, actor);
	elseif not room:get_members_only() and room._data.lobbyroom then
		close(room, room.jid);
		room._data.meet_lobby_waiting, room._data.meet_lobby_persistent = nil, nil;
		notify(room, actor, { event = "LOBBY-ENABLED", value = false });
	end
	module:fire_event("meet-note", { room = room, key = "lobbyEnabled", value = room._data.lobbyroom ~= nil });
end

module:hook("muc-config-submitted/muc#roomconfig_membersonly", function(event)
	if event.value and not event.room:get_members_only() then
		make_members(event.room);
	end
end, 10);

module:hook("muc-config-submitted/muc#roomconfig_membersonly", function(event)
	follow(event.room, event.actor);
end, -10);

module:hook("meet-lobby", function(event)
	local room = event.room;
	if event.enabled then
		make_members(room);
		room._data.meet_lobby_persistent = event.persistent or nil;
		room._data.meet_lobby_waiting = event.waiting or nil;
	end
	if room:set_members_only(event.enabled) then
		follow(room, event.actor);
		room:broadcast_message(st.message({ type = "groupchat", from = room.jid })
			:tag("x", { xmlns = MUC_USER }):tag("status", { code = "104" }));
	end
end);

module:hook("muc-room-destroyed", function(event)
	close(event.room, event.newjid, event.reason);
end, 10);

module:hook("muc-disco#info", function(event)
	if event.room._data.lobbyroom then
		table.insert(event.form, { name = "muc#roominfo_lobbyroom", label = "Where to wait for being let in" });
		event.formdata["muc#roominfo_lobbyroom"] = event.room._data.lobbyroom;
	end
end);

-- The door.

local function send_to_lobby(event)
	local room, stanza = event.room, event.stanza;
	if name_required and (stanza:get_child_text("nick", "http://jabber.org/protocol/nick") or ""):match("^%s*$") then
		event.origin.send(st.error_reply(stanza, "modify", "not-acceptable", nil, room.jid)
			:tag("displayname-required", { xmlns = JITMEET, lobby = "true" }));
		return true;
	end
	local reply = st.error_reply(stanza, "auth", "registration-required", nil, room.jid)
		:tag("lobbyroom", { xmlns = JITMEET }):text(room._data.lobbyroom):up();
	if room._data.meet_lobby_waiting then
		reply:tag("waiting-for-host", { xmlns = JITMEET }):up();
	end
	reply:up():tag("lobbyroom"):text(room._data.lobbyroom):up():tag("x", { xmlns = MUC });
	reply:get_child("error").attr.code = "407";
	event.origin.send(reply);
	return true;
end

-- Before Prosody's own checks: members only at -5, outcasts at -10, password at -20.
module:hook("muc-occupant-pre-join", function(event)
	local room, stanza = event.room, event.stanza;
	local bare, muc_x = jid_bare(stanza.attr.from), stanza:get_child("x", MUC);
	local password, members_only = room:get_password(), room:get_members_only();
	if not muc_x or not (password or members_only) then
		return nil;
	end
	local affiliation = room:get_affiliation(bare);
	if affiliation == "outcast" then
		return nil;
	end
	local is_service = bare == focus or services:contains(jid_host(bare));
	local admitted = is_service or affiliation == "owner" or affiliation == "admin"
		or (affiliation == "member" and members_only);
	if members_only and not admitted and password and muc_x:get_child_text("password", MUC) == password then
		admitted = true;
	end
	if members_only and not admitted then
		return room._data.lobbyroom and send_to_lobby(event) or nil;
	end
	if members_only and not affiliation then
		room:set_affiliation(true, bare, "member");
		event.occupant.role = room:get_default_role("member");
	end
	if password and admitted then
		muc_x:remove_children("password");
		muc_x:text_tag("password", password, { xmlns = MUC });
	end
end, -4);

-- Once checked, the password goes nowhere else.
module:hook("muc-occupant-pre-join", function(event)
	local muc_x = event.stanza:get_child("x", MUC);
	if muc_x then
		muc_x:remove_children("password");
	end
end, -21);

-- Letting in. Prosody's own invitations name one address each, tell the password, and go to anybody.

local function admit(room, lobby, address, actor)
	local knocker = lobby:get_occupant_by_real_jid(address);
	if not knocker or knocker.role == "moderator" then
		return;
	end
	local moderator = room:get_occupant_by_real_jid(actor);
	local presence = knocker:get_presence(address);
	room:set_affiliation(true, knocker.bare_jid, "member");
	module:send(st.message({ from = room.jid, to = address })
		:tag("x", { xmlns = MUC_USER })
			:tag("invite", { from = moderator and moderator.nick or room.jid }));
	notify(room, actor, {
		event = "LOBBY-ACCESS-GRANTED";
		value = knocker.nick;
		name = presence and presence:get_child_text("nick", "http://jabber.org/protocol/nick");
	});
end

module:hook("message/bare", function(event)
	local origin, stanza = event.origin, event.stanza;
	local x = stanza:get_child("x", MUC_USER);
	if not x or stanza.attr.type == "groupchat" or stanza.attr.type == "error" then
		return nil;
	end
	local room = muc.get_room_from_jid(stanza.attr.to);
	if not room or room:get_affiliation(stanza.attr.from) ~= "owner" or not x:get_child("invite") then
		origin.send(st.error_reply(stanza, "auth", "forbidden", "Only moderators let people in"));
		return true;
	end
	local lobby = lobby_of(room);
	for invite in x:childtags("invite") do
		local address = lobby and jid_prep(invite.attr.to);
		if address then
			admit(room, lobby, address, stanza.attr.from);
		end
	end
	return true;
end, 10);

-- A moderator's one request for many people; Prosody takes the first item alone.
module:hook("iq-set/bare/http://jabber.org/protocol/muc#admin:query", function(event)
	local origin, stanza = event.origin, event.stanza;
	local room = muc.get_room_from_jid(stanza.attr.to);
	local items = stanza.tags[1].tags;
	if not room or #items < 2 then
		return nil;
	end
	local failed;
	local collector = { send = function(reply) if reply.attr.type == "error" then failed = failed or reply; end end };
	for _, item in ipairs(items) do
		local single = st.iq({ type = "set", id = stanza.attr.id, from = stanza.attr.from, to = stanza.attr.to })
			:tag("query", { xmlns = MUC .. "#admin" }):add_child(item);
		room:handle_admin_query_set_command(collector, single);
	end
	origin.send(failed or st.reply(stanza));
	return true;
end, 10);

-- From the lobby: who was refused, and that somebody left.

module:hook("meet-lobby-refused", function(event)
	local room = muc.get_room_from_jid(event.main);
	if room then
		notify(room, event.actor, { event = "LOBBY-ACCESS-DENIED", value = event.nick, name = event.name });
	end
end);

local function somebody_waits(room)
	local lobby = room._data.meet_lobby_persistent and lobby_of(room);
	for _, occupant in (lobby or room):each_occupant() do
		if lobby and occupant.role ~= "moderator" then
			return true;
		end
	end
	return false;
end

-- Before Prosody destroys what is empty.
module:hook("muc-occupant-left", function(event)
	local room = event.room;
	if not room.destroying and not room:has_occupant() and not room:get_persistent() and somebody_waits(room) then
		room:set_persistent(true);
		room.meet_kept_for_lobby = true;
	end
end, 10);

module:hook("muc-occupant-joined", function(event)
	if event.room.meet_kept_for_lobby then
		event.room.meet_kept_for_lobby = nil;
		event.room:set_persistent(false);
	end
end);

module:hook("meet-lobby-left", function(event)
	local room = muc.get_room_from_jid(event.main);
	if room and room.meet_kept_for_lobby and not room:has_occupant() and not somebody_waits(room) then
		room:set_persistent(false);
		room:destroy();
	end
end);

-- Roles in the lobby follow.
module:hook("muc-set-affiliation", function(event)
	local lobby = lobby_of(event.room);
	if lobby then
		module:context(lobby_host):fire_event("meet-lobby-follow", { room = lobby, jid = event.jid });
	end
end);

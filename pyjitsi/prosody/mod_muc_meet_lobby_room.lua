-- Inside a lobby (4-services 2.4): who waits sees and hears nobody but moderators who speak to them; moderators see who
-- waits, but not each other. What somebody is here follows from the main room, of the same name on `meet_conference`.

local st = require "util.stanza";
local jid_join = require "util.jid".join;
local jid_node = require "util.jid".node;
local modulemanager = require "core.modulemanager";

local JITMEET = "http://jitsi.org/jitmeet";
local NICK = "http://jabber.org/protocol/nick";
local MUC_USER = "http://jabber.org/protocol/muc#user";

local conference = module:get_option_string("meet_conference");
local name_required = module:get_option_boolean("meet_lobby_display_name_required", true);
local most_waiting = module:get_option_number("meet_lobby_max_occupants", 500);
-- Bytes of one stanza to or from somebody who waits: a chat message of a page, or a name and an address.
local longest_stanza = module:get_option_number("meet_lobby_stanza_bytes", 10000);

local muc = module:depends "muc";
local room_mt = muc.room_mt;

local function main_of(lobby)
	local rooms = modulemanager.get_module(conference, "muc");
	local main = rooms and rooms.get_room_from_jid(jid_join(jid_node(lobby.jid), conference));
	return main and main._data.lobbyroom == lobby.jid and main or nil;
end

-- Of an affiliation in the main room, being its owner or banned from it counts here.
function room_mt:get_affiliation(jid)
	local main = main_of(self);
	local affiliation = main and main:get_affiliation(jid);
	return (affiliation == "owner" or affiliation == "outcast") and affiliation or nil;
end

local function has_own_status(stanza)
	local x = stanza:get_child("x", MUC_USER);
	for status in (x or stanza):childtags("status") do
		if status.attr.code == "110" then
			return true;
		end
	end
	return false;
end

local function may_pass(lobby, stanza)
	local from, recipient = stanza.attr.from, lobby:get_occupant_by_real_jid(stanza.attr.to);
	local to_moderator = recipient ~= nil and recipient.role == "moderator";
	if from == lobby.jid then
		-- An affiliation is told with a real address.
		local x = stanza:get_child("x", MUC_USER);
		return to_moderator or not (x and x:get_child("item"));
	elseif recipient and recipient.nick == from or has_own_status(stanza) then
		return true;
	end
	local sender = lobby:get_occupant_by_nick(from);
	if stanza.name ~= "presence" then
		return to_moderator or (sender ~= nil and sender.role == "moderator");
	elseif not to_moderator or stanza.attr.type == "unavailable" then
		return to_moderator;
	end
	-- Who is inside already waits no more.
	local main = main_of(lobby);
	return sender ~= nil and sender.role ~= "moderator" and not (main and main:get_occupant_by_real_jid(sender.jid));
end

local route_stanza = room_mt.route_stanza;
function room_mt:route_stanza(stanza)
	if may_pass(self, stanza) then
		route_stanza(self, stanza);
	end
end

local function refuse(event, kind, condition, text)
	event.origin.send(st.error_reply(event.stanza, kind, condition, text));
	return true;
end

module:hook("muc-occupant-pre-join", function(event)
	local lobby, stanza = event.room, event.stanza;
	if not main_of(lobby) then
		return refuse(event, "cancel", "not-allowed", "This lobby has no room");
	elseif event.occupant.role == "moderator" then
		return nil;
	end
	local waiting = 0;
	for _ in lobby:each_occupant() do
		waiting = waiting + 1;
	end
	if waiting >= most_waiting then
		return refuse(event, "wait", "resource-constraint", "Too many wait already");
	end
	if name_required and (stanza:get_child_text("nick", NICK) or ""):match("^%s*$") then
		event.origin.send(st.error_reply(stanza, "modify", "not-acceptable")
			:tag("displayname-required", { xmlns = JITMEET, lobby = "true" }));
		return true;
	end
end, 40);

-- Moderators are asked to read what strangers write.
local function not_too_long(event)
	if #tostring(event.stanza) > longest_stanza then
		return refuse(event, "modify", "policy-violation", "Too long for a lobby");
	end
end
for _, name in ipairs { "presence/full", "message/full", "message/bare" } do
	module:hook(name, not_too_long, 90);
end

-- Nothing of a lobby is set by hand, and nobody in it asks another's client.
local function not_here(event)
	if event.stanza.attr.type == "get" or event.stanza.attr.type == "set" then
		return refuse(event, "cancel", "not-allowed", "Not in a lobby");
	end
	return true;
end
module:hook("iq/bare/http://jabber.org/protocol/muc#owner:query", not_here, 100);
module:hook("iq/full", function(event)
	local to_self = event.stanza.attr.type == "get" and event.stanza:get_child("ping", "urn:xmpp:ping");
	return not to_self and not_here(event) or nil;
end, 100);
module:hook("muc-pre-set-affiliation", function(event)
	event.allowed = false;
end);
-- Invitations and their like come from the main room.
module:hook("message/bare", function(event)
	local stanza = event.stanza;
	if stanza.attr.type ~= "groupchat" and stanza.attr.type ~= "error" and stanza:get_child("x", MUC_USER) then
		return refuse(event, "cancel", "not-allowed", "Not in a lobby");
	end
end, 80);

local function tell_main(event_name, event)
	module:context(conference):fire_event(event_name, event);
end

module:hook("muc-broadcast-presence", function(event)
	local occupant, main = event.occupant, main_of(event.room);
	if not main or occupant.role ~= nil or not event.actor then
		return;
	end
	for status in event.x:childtags("status") do
		if status.attr.code == "307" then
			local presence = occupant:get_presence();
			tell_main("meet-lobby-refused", {
				main = main.jid; actor = event.actor; nick = occupant.nick;
				name = presence and presence:get_child_text("nick", NICK);
			});
		end
	end
end);

module:hook("muc-occupant-left", function(event)
	local main = main_of(event.room);
	if main and not event.room.destroying then
		tell_main("meet-lobby-left", { main = main.jid });
	end
end);

-- Somebody's affiliation in the main room has changed.
module:hook("meet-lobby-follow", function(event)
	local lobby = event.room;
	local role = lobby:get_default_role(lobby:get_affiliation(event.jid));
	for nick, occupant in lobby:each_occupant() do
		if occupant.bare_jid == event.jid and occupant.role ~= role then
			lobby:set_role(true, nick, role);
			if role == "moderator" then
				for address in occupant:each_session() do
					lobby:send_occupant_list(address, function(other) return other ~= nick; end);
				end
			end
		end
	end
end);

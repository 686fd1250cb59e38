-- The tap of the room services: tells the component `meet_rooms` who is in which room, keeps its state with the room,
-- and does in rooms what it asks for. The component may die and come back without anybody leaving: it asks for a
-- `sync` and learns everything again, its own state included.
--
-- To the component: <message><tap xmlns="urn:pyjitsi:rooms">JSON</tap></message>, one each:
--   {event: "room", room, kind, occupants: [occupant], data: {key: text}, notes: {key: value}}   all of it, in a sync
--       or when the first enters
--   {event: "joined", room, occupant}   {event: "changed", room, occupant}   {event: "left", room, nick}
--   {event: "gone", room}   {event: "noted", room, key, value}
-- where an occupant is {nick, jid, role, affiliation, name, joined, identity, known}: `joined` in seconds of the epoch,
-- `identity` the session's `meet_identity` where it logged in with one (pyjitsi/rooms/room.py), `known` false for who
-- came while nobody listened.
--
-- From the component: <iq type="get"><sync xmlns="urn:pyjitsi:rooms"/></iq>, and <message><do>JSON</do></message>, a
-- list of what is in `actions` below. Values that clients wrote pass as text: nothing here reads them.

local st = require "util.stanza";
local json = require "util.json";
local array = require "util.array";
local jid_bare = require "util.jid".bare;
local jid_host = require "util.jid".host;
local jid_resource = require "util.jid".resource;
local modulemanager = require "core.modulemanager";
local datetime = require "util.datetime".datetime;
local now = require "util.time".now;

local NS = "urn:pyjitsi:rooms";
local JITMEET = "http://jitsi.org/jitmeet";

local rooms_host = module:get_option_string("meet_rooms");
local clients_host = module:get_option_string("meet_clients");
local kind = module:get_option_string("meet_rooms_kind", "main");
local focus = module:get_option_string("meet_focus");
local muc = module:depends "muc";

-- Breakout rooms by address: {main = address, name = text}. mod_muc_meet_breakout lets nobody into any other.
local breakouts = module:shared("/*/meet_rooms/breakouts");

local function is_connected()
	local component = modulemanager.get_module(rooms_host, "component");
	return component and component.connected;
end

local function tell(event)
	if not is_connected() then
		return false;
	end
	module:send(st.message({ from = module.host, to = rooms_host })
		:tag("tap", { xmlns = NS }):text(json.encode(event)));
	return true;
end

-- Occupants.

-- What the component was told last of each nick, of this room.
local function told_of(room)
	room.meet_told = room.meet_told or {};
	return room.meet_told;
end

local function describe(room, occupant)
	local nick = jid_resource(occupant.nick);
	local presence = occupant:get_presence();
	local session = prosody.full_sessions[occupant.jid];
	room.meet_joined = room.meet_joined or {};
	room.meet_joined[nick] = room.meet_joined[nick] or now();
	return {
		nick = nick;
		jid = occupant.jid;
		role = occupant.role or "none";
		affiliation = room:get_affiliation(occupant.bare_jid) or "none";
		name = presence and presence:get_child_text("nick", "http://jabber.org/protocol/nick") or nil;
		joined = room.meet_joined[nick];
		identity = session and session.meet_identity or nil;
		known = told_of(room)[nick] ~= nil;
	};
end

local function digest(occupant)
	return table.concat({ occupant.jid, occupant.role, occupant.affiliation, occupant.name or "" }, "\0");
end

local function tell_room(room)
	local occupants, told = array(), told_of(room);
	local digests = {};
	for _, occupant in room:each_occupant() do
		local described = describe(room, occupant);
		digests[described.nick] = digest(described);
		occupants:push(described);
	end
	if tell { event = "room", room = room.jid, kind = kind, occupants = occupants, data = room._data.meet_data or {};
		notes = room._data.meet_notes or {} } then
		for nick, text in pairs(digests) do
			told[nick] = text;
		end
		room.meet_announced = true;
	end
end

local function tell_occupant(room, occupant, what)
	if not room.meet_announced then
		return tell_room(room);
	end
	local described = describe(room, occupant);
	if tell { event = what, room = room.jid, occupant = described } then
		told_of(room)[described.nick] = digest(described);
	end
end

module:hook("muc-occupant-joined", function(event)
	tell_occupant(event.room, event.occupant, "joined");
end, -10);

-- Every change of a role, an affiliation or a name ends in a presence to all.
module:hook("muc-broadcast-presence", function(event)
	local room, occupant = event.room, event.occupant;
	local told = told_of(room)[jid_resource(occupant.nick)];
	if told and occupant.role ~= nil and told ~= digest(describe(room, occupant)) then
		tell_occupant(room, occupant, "changed");
	end
end, -10);

module:hook("muc-occupant-left", function(event)
	local nick = jid_resource(event.nick);
	if event.room.meet_joined then
		event.room.meet_joined[nick] = nil;
	end
	told_of(event.room)[nick] = nil;
	tell { event = "left", room = event.room.jid, nick = nick };
end, 10);

module:hook("muc-room-destroyed", function(event)
	for address, breakout in pairs(breakouts) do
		if breakout.main == event.room.jid then
			breakouts[address] = nil;
		end
	end
	tell { event = "gone", room = event.room.jid };
end, -10);

-- {room, key, value}: what our other modules know of a room and clients should find in its metadata, such as
-- `lobbyEnabled`: module:fire_event("meet-note", {room = room, key = "lobbyEnabled", value = true}).
module:hook("meet-note", function(event)
	local data = event.room._data;
	data.meet_notes = data.meet_notes or {};
	if data.meet_notes[event.key] ~= event.value then
		data.meet_notes[event.key] = event.value;
		tell { event = "noted", room = event.room.jid, key = event.key, value = event.value };
	end
end);

module:hook("iq-get/host/" .. NS .. ":sync", function(event)
	local origin, stanza = event.origin, event.stanza;
	if stanza.attr.from ~= rooms_host then
		origin.send(st.error_reply(stanza, "auth", "forbidden"));
		return true;
	end
	for room in muc.live_rooms() do
		tell_room(room);
	end
	module:send(st.reply(stanza));
	return true;
end, 1100);

-- Metadata. A client wants the room's before its own presence, with the TURN servers where it was pushed identities.

local function envelope(to, room, text)
	return st.message({ from = rooms_host, to = to })
		:tag("json-message", { xmlns = JITMEET, room = room.jid }):text(text);
end

local function turn_services()
	local external = modulemanager.get_module(clients_host, "external_services");
	local services = array();
	for _, each in ipairs(external and external.get_services() or {}) do
		services:push {
			type = each.type; transport = each.transport; host = each.host;
			port = each.port and string.format("%d", each.port) or nil;
			username = each.username; password = each.password;
			expires = each.expires and datetime(each.expires) or nil;
			restricted = each.restricted and "1" or nil;
		};
	end
	return json.encode(services);
end

-- The texts are the component's; `services` is spliced in, so that nothing here reads what clients wrote.
local function metadata_of(room, services)
	local text = room._data.meet_data and room._data.meet_data.metadata or "{}";
	if services then
		text = text:gsub("}%s*$", "") .. (text:match("^%s*{%s*}") and "" or ",") .. '"services":' .. services .. "}";
	end
	return '{"type":"room_metadata","metadata":' .. text .. "}";
end

if kind ~= "lobby" then
	-- After all that may refuse the join.
	module:hook("muc-occupant-pre-join", function(event)
		local from = event.stanza.attr.from;
		if jid_host(from) == clients_host or prosody.full_sessions[from] then
			module:send(envelope(from, event.room, metadata_of(event.room, turn_services())));
		end
	end, -1000);
end

-- What the component may do.

local actions = {};

-- {room, key, value}: keep a text with the room; none forgets it.
function actions.store(room, action)
	room._data.meet_data = room._data.meet_data or {};
	room._data.meet_data[action.key] = action.value;
end

-- {room, flags}: what is forbidden in the room, by mod_muc_meet_permissions.
function actions.flags(room, action)
	room._data.meet_flags = action.flags;
end

-- {room, breakouts: {address: name}}: all breakout rooms of a main room.
function actions.breakouts(room, action)
	for address, breakout in pairs(breakouts) do
		if breakout.main == room.jid and not action.breakouts[address] then
			breakouts[address] = nil;
		end
	end
	for address, name in pairs(action.breakouts) do
		local known = breakouts[address];
		breakouts[address] = { main = room.jid, name = name, admitted = known and known.admitted };
	end
end

-- {room, address, jid}: somebody was sent to a breakout room, and may enter it where others may not by themselves.
function actions.admit(_, action)
	local breakout = breakouts[action.address];
	if breakout then
		breakout.admitted = breakout.admitted or {};
		breakout.admitted[action.jid] = true;
	end
end

-- {room, to: "all" | "moderators" | [nick], json}: a service's message to occupants. The focus is a moderator.
function actions.tell(room, action)
	local wanted;
	if type(action.to) == "table" then
		wanted = {};
		for _, nick in ipairs(action.to) do
			wanted[nick] = true;
		end
	end
	for _, occupant in room:each_occupant() do
		if action.to == "all" or (action.to == "moderators" and occupant.role == "moderator")
			or (wanted and wanted[jid_resource(occupant.nick)]) then
			for address in occupant:each_session() do
				module:send(envelope(address, room, action.json));
			end
		end
	end
end

-- {room, json}: said to everybody by the room itself.
function actions.say(room, action)
	room:broadcast_message(st.message({ from = room.jid, type = "groupchat" })
		:tag("json-message", { xmlns = JITMEET }):text(action.json));
end

-- {room, jid, affiliation, reason}
function actions.affiliation(room, action)
	if jid_bare(action.jid) ~= focus then
		room:set_affiliation(true, action.jid, action.affiliation, action.reason);
	end
end

-- {room, nick, reason}
function actions.kick(room, action)
	if action.nick ~= "focus" then
		room:set_role(true, room.jid .. "/" .. action.nick, nil, action.reason);
	end
end

-- {room, reason, alternate}: end it.
function actions.destroy(room, action)
	room:set_persistent(false);
	room:destroy(action.alternate, action.reason);
end

-- {room, persistent?, name?, password?, members_only?}
function actions.configure(room, action)
	if action.persistent ~= nil then room:set_persistent(action.persistent); end
	if action.name ~= nil then room:set_name(action.name); end
	if action.password ~= nil then room:set_password(action.password); end
	if action.members_only ~= nil then
		module:fire_event("meet-lobby", { room = room, enabled = action.members_only });
	end
	if action.persistent == false and not room:has_occupant() then
		room:destroy();
	end
end

-- {room}: clients read the room's information again.
function actions.refresh(room)
	room:broadcast_message(st.message({ from = room.jid, type = "groupchat" })
		:tag("x", { xmlns = "http://jabber.org/protocol/muc#user" }):tag("status", { code = "104" }));
end

module:hook("message/host", function(event)
	local stanza = event.stanza;
	if stanza.attr.from ~= rooms_host then
		return nil;
	end
	for _, action in ipairs(json.decode(stanza:get_child_text("do", NS) or "") or {}) do
		local room = muc.get_room_from_jid(action.room or "");
		local act = actions[action["do"]];
		-- A room may have ended while the component decided.
		if room and act then
			act(room, action);
		elseif not act then
			module:log("warn", "The room services ask for %s, which is unknown here", tostring(action["do"]));
		end
	end
	return true;
end, 1100);

-- Who was not told a service's features at log-in asks its host about the service's node.
local nodes = {
	breakout = { "breakout_rooms", "http://jitsi.org/protocol/breakout_rooms#rename" };
	lobby = { "lobbyrooms", module:get_option_boolean("meet_lobby_display_name_required", true)
		and "http://jitsi.org/protocol/lobbyrooms#displayname_required" or nil };
};
module:hook("host-disco-info-node", function(event)
	local node = nodes[kind];
	if node and event.node == node[1] then
		if node[2] then
			event.reply:tag("feature", { var = node[2] }):up();
		end
		event.exists = true;
	end
end);

-- What clients ask of this host as a service is the component's business.
module:hook("message/host", function(event)
	local stanza = event.stanza;
	if stanza.attr.type == "error" or jid_host(stanza.attr.from) == module.host then
		return true;
	end
	if kind == "breakout" and is_connected() then
		local copy = st.clone(stanza);
		copy.attr.to = rooms_host;
		module:send(copy, event.origin);
	end
	return true;
end, 900);

-- What main rooms owe their breakout rooms: a note on who was let in, affiliations as they change, and the lobby.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local jid_host = require "util.jid".host;
local modulemanager = require "core.modulemanager";

local focus = module:get_option_string("meet_focus");

local breakouts = module:shared("/*/meet_rooms/breakouts");

module:hook("muc-occupant-joined", function(event)
	local session = prosody.full_sessions[event.occupant.jid];
	if session then
		session.meet_rooms_entered = session.meet_rooms_entered or {};
		session.meet_rooms_entered[event.room.jid] = event.room.meet_id;
	end
end);

-- The rooms that somebody entered, of a main room's breakout rooms.
local function each_breakout(main)
	return coroutine.wrap(function()
		for address, breakout in pairs(breakouts) do
			local muc = breakout.main == main.jid and modulemanager.get_module(jid_host(address), "muc");
			local room = muc and muc.get_room_from_jid(address);
			if room then
				coroutine.yield(room);
			end
		end
	end);
end

-- Its lobby is theirs.
module:hook("meet-note", function(event)
	if event.key == "lobbyEnabled" then
		for room in each_breakout(event.room) do
			room:broadcast_message(st.message({ type = "groupchat", from = room.jid })
				:tag("x", { xmlns = "http://jabber.org/protocol/muc#user" }):tag("status", { code = "104" }));
		end
	end
end);

-- The door of the main room closes behind those who are in a breakout room, too.
module:hook("meet-members", function(event)
	for room in each_breakout(event.room) do
		for _, occupant in room:each_occupant() do
			if not event.room:get_affiliation(occupant.bare_jid) then
				event.room:set_affiliation(true, occupant.bare_jid, "member");
			end
		end
	end
end);

module:hook("muc-set-affiliation", function(event)
	if jid_bare(event.jid) ~= focus then
		for room in each_breakout(event.room) do
			room:set_affiliation(true, event.jid, event.affiliation);
		end
	end
end);

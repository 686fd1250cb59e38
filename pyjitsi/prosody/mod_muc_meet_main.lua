-- What main rooms owe their breakout rooms: a note on who was let in, and affiliations as they change.

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

module:hook("muc-set-affiliation", function(event)
	for address, breakout in pairs(breakouts) do
		if breakout.main == event.room.jid and jid_bare(event.jid) ~= focus then
			local muc = modulemanager.get_module(jid_host(address), "muc");
			local room = muc and muc.get_room_from_jid(address);
			if room then
				room:set_affiliation(true, event.jid, event.affiliation);
			end
		end
	end
end);

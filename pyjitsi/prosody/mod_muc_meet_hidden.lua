-- Outsiders learn nothing about rooms: no list of them, and the same answer for a room that is and one that isn't.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;

local focus = module:get_option_string("meet_focus");
local muc = module:depends "muc";

local function refuse(event)
	event.origin.send(st.error_reply(event.stanza, "auth", "forbidden", "Only those in a room may ask about it"));
	return true;
end

local function for_occupants(event)
	local from = event.stanza.attr.from;
	if jid_bare(from) == focus then
		return nil;
	end
	local room = muc.get_room_from_jid(event.stanza.attr.to);
	if not room or not room:get_occupant_by_real_jid(from) then
		return refuse(event);
	end
end

local info = "http://jabber.org/protocol/disco#info:query";
local items = "http://jabber.org/protocol/disco#items:query";

module:hook("iq-get/bare/" .. info, for_occupants, 100);
module:hook("iq-get/bare/" .. items, for_occupants, 100);
module:hook("iq-get/host/" .. items, refuse, 100);

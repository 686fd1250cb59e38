-- The focus is first in every room, can't be removed from it, and keeps what signalling depends on: a moderator locks
-- a room or names it, but doesn't hide real addresses, silence presence or let the room outlive its meeting.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;

local focus = module:get_option_string("meet_focus");

local for_moderators = {
	["FORM_TYPE"] = true;
	["muc#roomconfig_roomsecret"] = true;
	["muc#roomconfig_passwordprotectedroom"] = true;
	["muc#roomconfig_membersonly"] = true;
	["muc#roomconfig_roomname"] = true;
	["muc#roomconfig_roomdesc"] = true;
	["muc#roomconfig_changesubject"] = true;
};

module:hook("muc-occupant-pre-join", function(event)
	if jid_bare(event.stanza.attr.from) == focus or event.room:get_occupant_by_nick(event.room.jid .. "/focus") then
		return nil;
	end
	-- Clients take this text as "ask the focus again".
	event.origin.send(st.error_reply(event.stanza, "cancel", "not-allowed", "Room creation is restricted"));
	return true;
end, 50);

module:hook("muc-pre-set-role", function(event)
	if event.occupant.bare_jid == focus and jid_bare(event.actor) ~= focus then
		event.allowed, event.error, event.condition = false, "cancel", "not-allowed";
	end
end, 100);

module:hook("iq-set/bare/http://jabber.org/protocol/muc#owner:query", function(event)
	local form = event.stanza.tags[1]:get_child("x", "jabber:x:data");
	if form and jid_bare(event.stanza.attr.from) ~= focus then
		form:maptags(function(tag)
			if tag.name == "field" and not for_moderators[tag.attr.var] then
				return nil;
			end
			return tag;
		end);
	end
end, 100);

-- While the focus is away, whatever the room sends it comes back as an error, for which rooms take somebody out; and
-- clients give a meeting up whose focus leaves. It stays instead, and enters again when it is back.
local function keep(event)
	local stanza = event.stanza;
	return stanza.attr.type == "error" and jid_bare(stanza.attr.from) == focus or nil;
end
for _, name in ipairs { "presence/full", "presence/bare", "message/full", "message/bare" } do
	module:hook(name, keep, 100);
end

-- A registered nick would be an affiliation that nobody gave.
module:hook("iq/bare/jabber:iq:register:query", function(event)
	event.origin.send(st.error_reply(event.stanza, "cancel", "service-unavailable"));
	return true;
end, 100);

-- Rooms of meetings: the nick "focus" belongs to the focus, nicks are plain and stay, nobody enters before the focus,
-- and outsiders learn nothing about a room.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local jid_resource = require "util.jid".resource;

local focus = module:get_option_string("meet_focus");

local function refuse(event, kind, condition, text)
	event.origin.send(st.error_reply(event.stanza, kind, condition, text));
	return true;
end

local function is_focus(stanza)
	return jid_bare(stanza.attr.from) == focus;
end

local function check_nick(event)
	local stanza = event.stanza;
	local nick = jid_resource(event.occupant and event.occupant.nick or stanza.attr.to);
	if is_focus(stanza) then
		return nil;
	end
	if nick == "focus" then
		return refuse(event, "cancel", "conflict", "The nick focus belongs to the focus");
	end
	if not nick or #nick > 64 or not nick:match("^[%w][%w_]*$") then
		return refuse(event, "modify", "jid-malformed", "A nick is letters, digits and underscores, not first");
	end
	return nil;
end

module:hook("muc-occupant-pre-join", function(event)
	local refused = check_nick(event);
	if refused then
		return refused;
	end
	if not is_focus(event.stanza) and not event.room:get_occupant_by_nick(event.room.jid .. "/focus") then
		return refuse(event, "cancel", "not-allowed", "Room creation is restricted");
	end
end, 50);

module:hook("muc-occupant-pre-change", function(event)
	local before, after = event.orig_occupant, event.dest_occupant;
	if before and after and before.nick ~= after.nick then
		return refuse(event, "cancel", "not-allowed", "A nick stays for the meeting");
	end
end, 50);

-- What a room is and who is in it is for those inside.
local function for_occupants(event)
	local stanza = event.stanza;
	if stanza.name ~= "iq" or stanza.attr.type ~= "get" or jid_resource(stanza.attr.to) then
		return nil;
	end
	local query = stanza.tags[1];
	local namespace = query and query.attr.xmlns;
	if namespace ~= "http://jabber.org/protocol/disco#info" and namespace ~= "http://jabber.org/protocol/disco#items" then
		return nil;
	end
	if is_focus(stanza) then
		return nil;
	end
	local muc = module:depends("muc");
	local room = muc.get_room_from_jid(jid_bare(stanza.attr.to));
	if not room or not room:get_occupant_by_real_jid(stanza.attr.from) then
		return refuse(event, "auth", "forbidden", "Only those in the room may ask about it");
	end
end

module:hook("iq/bare", for_occupants, 100);
module:hook("iq-get/host/http://jabber.org/protocol/disco#items:query", function(event)
	event.origin.send(st.error_reply(event.stanza, "auth", "forbidden", "Rooms are not listed"));
	return true;
end, 100);

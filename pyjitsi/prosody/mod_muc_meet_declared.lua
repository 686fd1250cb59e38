-- What the focus alone sets of a room, in the owner's form: the rooms that an admin declares, and those of a
-- reservation system. Each is a field `{urn:pyjitsi:rooms}…`: `owners` (identities, one a line), `lobby` (one that
-- outlives the last moderator), `max_occupants`, `ends` (seconds of the epoch).

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local set = require "util.set";

local PREFIX = "{urn:pyjitsi:rooms}";
local focus = module:get_option_string("meet_focus");

module:hook("muc-config-form", function(event)
	if jid_bare(event.actor) ~= focus then
		return;
	end
	local data = event.room._data;
	local function field(name, kind, value)
		table.insert(event.form, { name = PREFIX .. name, type = kind, label = name, value = value });
	end
	field("owners", "text-multi", table.concat(data.meet_owners or {}, "\n"));
	field("lobby", "boolean", data.meet_lobby_persistent or false);
	field("max_occupants", "text-single", string.format("%d", data.meet_max_occupants or 0));
	field("ends", "text-single", data.meet_ends and string.format("%d", math.floor(data.meet_ends)) or "");
end);

-- A room that the focus made with a <hold/> is for nobody else until it has submitted the form.
module:hook("muc-room-pre-create", function(event)
	event.room.meet_held = event.stanza:get_child("hold", "urn:pyjitsi:rooms") ~= nil;
end);
module:hook("muc-config-submitted", function(event)
	if jid_bare(event.actor) == focus then
		event.room.meet_held = nil;
	end
end);
module:hook("muc-occupant-pre-join", function(event)
	if event.room.meet_held and jid_bare(event.stanza.attr.from) ~= focus then
		event.origin.send(st.error_reply(event.stanza, "cancel", "not-allowed", "Room creation is restricted"));
		return true;
	end
end, 50);

local function on(name, handler)
	module:hook("muc-config-submitted/" .. PREFIX .. name, function(event)
		if jid_bare(event.actor) == focus then
			handler(event.room, event.value);
		end
	end);
end

on("owners", function(room, value)
	room._data.meet_owners = {};
	for name in (value or ""):gmatch("[^\n]+") do
		table.insert(room._data.meet_owners, name);
	end
end);
on("lobby", function(room, value)
	module:fire_event("meet-lobby", { room = room, enabled = value, persistent = value });
end);
on("max_occupants", function(room, value)
	room._data.meet_max_occupants = tonumber(value);
end);
on("ends", function(room, value)
	module:fire_event("meet-ends", { room = room, ends = tonumber(value) });
end);

-- An owner goes past lobby and password. Names of identities are compared as they are: whoever logs people in says
-- how they are written.
module:hook("muc-occupant-pre-join", function(event)
	local room, session = event.room, prosody.full_sessions[event.stanza.attr.from];
	local user = session and session.meet_identity and session.meet_identity.user;
	if not room._data.meet_owners or not user then
		return nil;
	end
	local hidden = set.new(session.meet_names);
	for _, name in ipairs(room._data.meet_owners) do
		if name ~= "" and (name == user.id or name == user.email or hidden:contains(name)) then
			room:set_affiliation(true, jid_bare(event.stanza.attr.from), "owner");
			event.occupant.role = "moderator";
			return nil;
		end
	end
end, 20);

-- The end for all is a moderator's, and is told as such.
module:hook("iq-set/bare/http://jabber.org/protocol/muc#owner:query", function(event)
	local destroy = event.stanza.tags[1]:get_child("destroy");
	if destroy and jid_bare(event.stanza.attr.from) ~= focus then
		-- Sent elsewhere, people would go wherever somebody likes.
		destroy.attr.jid = nil;
		destroy:remove_children("password");
		if #(destroy:get_child_text("reason") or "") > 500 then
			event.origin.send(st.error_reply(event.stanza, "modify", "policy-violation", "Too long a reason"));
			return true;
		end
	end
end, 90);

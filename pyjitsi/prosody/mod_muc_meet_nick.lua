-- Nicks in meetings. A nick is the endpoint's id everywhere and begins the names of its sources, so it is plain and
-- stays; "focus" is how clients know the focus, so it is the focus's alone.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local jid_resource = require "util.jid".resource;

local focus = module:get_option_string("meet_focus");
local longest = 64;

local function refuse(event, kind, condition, text)
	event.origin.send(st.error_reply(event.stanza, kind, condition, text));
	return true;
end

module:hook("muc-occupant-pre-join", function(event)
	if jid_bare(event.stanza.attr.from) == focus then
		return nil;
	end
	local nick = jid_resource(event.occupant.nick);
	if nick == "focus" then
		return refuse(event, "cancel", "conflict", "The nick focus belongs to the focus");
	end
	if #nick > longest or not nick:match("^[A-Za-z0-9][A-Za-z0-9_]*$") then
		return refuse(event, "modify", "jid-malformed", "A nick is letters, digits and underscores, not first");
	end
end, 100);

module:hook("muc-occupant-pre-change", function(event)
	if event.orig_occupant.nick ~= event.dest_occupant.nick then
		return refuse(event, "cancel", "not-allowed", "A nick stays for the meeting");
	end
end, 100);

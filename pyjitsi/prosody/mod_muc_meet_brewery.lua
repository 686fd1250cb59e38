-- The brewery, where bridges announce themselves: only services enter, and no other room exists beside it.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local jid_host = require "util.jid".host;

local domains = module:get_option_set("meet_brewery_domains", {});
local brewery = module:get_option_string("meet_brewery");

local function refuse(event, text)
	event.origin.send(st.error_reply(event.stanza, "auth", "forbidden", text));
	return true;
end

local function services_only(event)
	local stanza = event.stanza;
	if stanza.attr.from and not domains:contains(jid_host(stanza.attr.from)) then
		if stanza.attr.type ~= "error" then
			return refuse(event, "Only services enter here");
		end
		return true;
	end
end

for _, name in ipairs { "presence", "message", "iq" } do
	for _, place in ipairs { "full", "bare", "host" } do
		module:hook(name .. "/" .. place, services_only, 200);
	end
end

module:hook("muc-room-pre-create", function(event)
	if jid_bare(event.stanza.attr.to) ~= brewery then
		return refuse(event, "There is one brewery here: " .. brewery);
	end
end, 100);

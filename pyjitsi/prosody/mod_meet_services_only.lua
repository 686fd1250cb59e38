-- A host that only the services' domains may reach: the accounts themselves, and the brewery where bridges announce
-- themselves. Whoever logs in anonymously is answered as if by a wall.

local st = require "util.stanza";
local jid_host = require "util.jid".host;

local admitted = module:get_option_set("meet_services_only", {});

local function services_only(event)
	local stanza = event.stanza;
	local from = stanza.attr.from;
	local host = from and jid_host(from) or module.host;
	if host == module.host or admitted:contains(host) then
		return nil;
	end
	if stanza.attr.type ~= "error" and stanza.attr.type ~= "result" then
		event.origin.send(st.error_reply(stanza, "auth", "forbidden", "Only services enter here"));
	end
	return true;
end

for _, name in ipairs { "presence", "message", "iq" } do
	for _, place in ipairs { "full", "bare", "host" } do
		module:hook(name .. "/" .. place, services_only, 1000);
	end
end

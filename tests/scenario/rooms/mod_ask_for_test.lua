-- Lets a client ask a verdict, so that a test sees what Lua gets.

local st = require "util.stanza";
local json = require "util.json";
local ask = module:require "meet_verdict".ask;

module:hook("iq-get/host/urn:test:ask", function(event)
	local request = event.stanza.tags[1];
	local answer, err = ask(request.attr.name, { ping = request:get_text() });
	event.origin.send(st.reply(event.stanza):tag("answer", { xmlns = "urn:test", error = err }):text(json.encode(answer)));
	return true;
end);

-- Who has not logged in has little to say. Prosody spends seconds on XML that nests ten thousand deep, and nobody else
-- is heard meanwhile.

local add_filter = require "util.filters".add_filter;

local longest = module:get_option_number("meet_unauthed_bytes", 10000);

module:hook_global("websocket-session", function(event)
	local heard = 0;
	add_filter(event.session, "bytes/in", function(data, session)
		if session.type ~= "c2s_unauthed" or not data then
			return data;
		end
		heard = heard + #data;
		if heard <= longest then
			return data;
		end
		session:close { condition = "policy-violation", text = "Too much before log-in" };
	end, 1000);
end);

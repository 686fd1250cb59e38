-- Asks the room services (pyjitsi/rooms/verdicts.py) what is to be decided in Python: who may log in, enter, open a
-- room. Only within a coroutine that may wait (util.async), such as the handler of a client's stanza.

local async = require "util.async";
local http = require "net.http";
local json = require "util.json";
local promise = require "util.promise";
local timer = require "util.timer";

local url = module:get_option_string("meet_rooms_url");
local secret = module:get_option_string("meet_rooms_secret");
local longest = module:get_option_number("meet_verdict_seconds", 10);

-- The answer to a question as a table; or nil and what went wrong, which never lets anybody in.
local function ask(name, question)
	local answered = http.request(url .. "/verdict/" .. name, {
		method = "POST";
		body = json.encode(question);
		headers = { ["Content-Type"] = "application/json"; ["Authorization"] = "Bearer " .. secret };
	});
	local late = promise.new(function(_, reject)
		timer.add_task(longest, function() reject("no answer within " .. longest .. " s"); end);
	end);
	local response, err = async.wait_for(promise.race({ answered, late }));
	if not response then
		module:log("warn", "No verdict on %s: %s", name, tostring(err));
		return nil, "unreachable";
	elseif response.code ~= 200 then
		module:log("warn", "No verdict on %s: status %s", name, tostring(response.code));
		return nil, "refused";
	end
	return json.decode(response.body);
end

return { ask = ask };

-- Log-in with name and password (SASL PLAIN, for whose protection there is the web server's TLS). The room services
-- know whose they are, and what comes of it: `meet_identity`, shown to others, and `meet_scope`, for entries.

local new_sasl = require "util.sasl".new;
local verdict = module:require "meet_verdict";

local function elsewhere()
	return nil, "Accounts are the room services' business.";
end

local provider = {
	test_password = elsewhere, get_password = elsewhere, set_password = elsewhere, create_user = elsewhere,
	delete_user = elsewhere,
};

-- Whoever has logged in exists.
function provider.user_exists(username)
	return prosody.hosts[module.host].sessions[username] ~= nil;
end

function provider.get_sasl_handler(session)
	local refused;
	local handler = new_sasl(module.host, {
		plain_test = function(_, username, password)
			local answer = session and verdict.ask("password",
				{ user = username, password = password, address = session.ip });
			if not answer then
				refused = { "temporary-auth-failure", "Log-ins can't be judged now" };
				return false, true;
			elseif answer.allow ~= true then
				refused = { answer.condition or "not-authorized", answer.text };
				return false, true;
			end
			session.meet_identity, session.meet_scope = answer.identity, answer.scope;
			session.meet_moderator = answer.moderator == true;
			return true, true;
		end;
	});
	local process = handler.process;
	function handler:process(message)
		refused = nil;
		local status, condition, text = process(self, message);
		if refused then
			return status, refused[1], refused[2];
		end
		return status, condition, text;
	end
	-- Made after a refusal, for the next try.
	function handler.clean_clone()
		return provider.get_sasl_handler(session);
	end
	return handler;
end

module:provides("auth", provider);

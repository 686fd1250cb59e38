-- Anonymous log-in whose user name survives a lost socket. Stream resumption (XEP-0198) looks a session up by user
-- name, and stock anonymous log-in makes a new one each time. The client names its resumption token in the query
-- ("previd"); who knows the token is the user it was given to.
--
-- With `meet_login_asks` the room services judge each log-in by the token (JWT) in the query or the Authorization
-- header, and the session keeps what it proved: `meet_identity`, shown to others, `meet_scope`, for entries, and
-- `meet_names`, which are for owners of declared rooms and shown to nobody.

local new_sasl = require "util.sasl".new;
local jid_split = require "util.jid".split;
local random_bytes = require "util.random".bytes;
local parse_query = require "util.http".formdecode;
local verdict = module:require "meet_verdict";

local asks = module:get_option_boolean("meet_login_asks", false);

-- mod_smacks keeps what can be resumed here, keyed user@host/token.
local tokens = module:shared("/*/smacks/resumption-tokens");

local function user_of_token(token)
	if type(token) ~= "string" or token == "" or #token > 128 then
		return nil;
	end
	local ending = "/" .. token;
	for full_jid in pairs(tokens) do
		if full_jid:sub(-#ending) == ending then
			local username, host, resource = jid_split(full_jid);
			if host == module.host and resource == token then
				return username;
			end
		end
	end
	return nil;
end

-- Random in every digit: clients take the first eight as their nick.
local function new_username()
	return (random_bytes(16):gsub(".", function(byte) return ("%02x"):format(byte:byte()); end));
end

local function remember(event)
	local request, session = event.request, event.session;
	local values = request.url and request.url.query and parse_query(request.url.query);
	if type(values) == "table" then
		session.meet_previd = values.previd;
		session.meet_token = values.token;
	end
	if not session.meet_token then
		session.meet_token = (request.headers.authorization or ""):match("^Bearer (%S+)$");
	end
end

module:hook_global("websocket-session", remember);
module:hook_global("bosh-session", remember);

local function no_passwords()
	return nil, "Only anonymous log-in is offered here.";
end

local provider = {
	test_password = no_passwords, get_password = no_passwords, set_password = no_passwords,
	create_user = no_passwords, delete_user = no_passwords,
};

function provider.user_exists(username)
	return prosody.hosts[module.host].sessions[username] ~= nil;
end

-- Nil where the session may log in; else how SASL refuses it.
local function refusal(session)
	if not asks then
		return nil;
	end
	local answer = session and verdict.ask("login", {
		token = session.meet_token, address = session.ip, resumes = user_of_token(session.meet_previd) ~= nil;
	});
	if not answer then
		return "temporary-auth-failure", "Log-ins can't be judged now";
	elseif answer.allow ~= true then
		return answer.condition or "not-authorized", answer.text;
	end
	session.meet_identity, session.meet_scope, session.meet_names = answer.identity, answer.scope, answer.names;
	return nil;
end

function provider.get_sasl_handler(session)
	local handler = new_sasl(module.host, { anonymous = function() return true; end });
	local process = handler.process;
	function handler:process(message)
		local condition, reason = refusal(session);
		if condition then
			return "failure", condition, reason;
		end
		local status, answer, text = process(self, message);
		if status == "success" then
			self.username = user_of_token(session and session.meet_previd) or new_username();
		end
		return status, answer, text;
	end
	-- Made after a refusal, for the next try: the stock one would ask nobody.
	function handler.clean_clone()
		return provider.get_sasl_handler(session);
	end
	return handler;
end

-- A client that comes back has shown a token again, perhaps a newer one: that is what counts from now on.
module:hook("smacks-hibernation-end", function(event)
	if asks and event.resumed and event.origin then
		for _, name in ipairs { "meet_identity", "meet_scope", "meet_names" } do
			event.resumed[name] = event.origin[name];
		end
	end
end);

module:provides("auth", provider);

-- Anonymous log-in whose user name survives a lost socket. Stream resumption (XEP-0198) looks a session up by user
-- name, and stock anonymous log-in makes a new one each time. The client names its resumption token in the query
-- ("previd"); who knows the token is the user it was given to.

local new_sasl = require "util.sasl".new;
local jid_split = require "util.jid".split;
local uuid = require "util.uuid".generate;
local parse_query = require "util.http".formdecode;

local tokens = module:shared("/*/smacks/resumption-tokens");

local function user_of_token(token)
	if not token or #token > 128 then
		return nil;
	end
	for full_jid in pairs(tokens) do
		local username, host, resource = jid_split(full_jid);
		if host == module.host and resource == token then
			return username;
		end
	end
	return nil;
end

local function remember_previd(event)
	local request = event.request;
	local query = request and request.url and request.url.query;
	if query then
		local values = parse_query(query);
		if type(values) == "table" then
			event.session.meet_previd = values.previd;
		end
	end
end

module:hook_global("websocket-session", remember_previd);
module:hook_global("bosh-session", remember_previd);

local provider = {};

local function no_passwords()
	return nil, "Only anonymous log-in is offered here.";
end

provider.test_password = no_passwords;
provider.get_password = no_passwords;
provider.set_password = no_passwords;
provider.create_user = no_passwords;

function provider.user_exists(username)
	local host = prosody.hosts[module.host];
	return host.sessions[username] ~= nil;
end

function provider.get_sasl_handler(session)
	local handler = new_sasl(module.host, { anonymous = function() return true; end });
	local process = handler.process;
	handler.process = function(self, message)
		local status, answer, text = process(self, message);
		if status == "success" then
			-- A UUID, since clients take their nick from its first eight hexadecimal digits.
			self.username = user_of_token(session and session.meet_previd) or uuid();
		end
		return status, answer, text;
	end
	return handler;
end

module:provides("auth", provider);

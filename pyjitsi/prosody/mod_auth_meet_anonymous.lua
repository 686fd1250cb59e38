-- Anonymous log-in whose user name survives a lost socket. Stream resumption (XEP-0198) looks a session up by user
-- name, and stock anonymous log-in makes a new one each time. The client names its resumption token in the query
-- ("previd"); who knows the token is the user it was given to.

local new_sasl = require "util.sasl".new;
local jid_split = require "util.jid".split;
local random_bytes = require "util.random".bytes;
local parse_query = require "util.http".formdecode;

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

local function remember_previd(event)
	local query = event.request.url and event.request.url.query;
	local values = query and parse_query(query);
	if type(values) == "table" then
		event.session.meet_previd = values.previd;
	end
end

module:hook_global("websocket-session", remember_previd);
module:hook_global("bosh-session", remember_previd);

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

function provider.get_sasl_handler(session)
	local handler = new_sasl(module.host, { anonymous = function() return true; end });
	local process = handler.process;
	function handler:process(message)
		local status, answer, text = process(self, message);
		if status == "success" then
			self.username = user_of_token(session and session.meet_previd) or new_username();
		end
		return status, answer, text;
	end
	return handler;
end

module:provides("auth", provider);

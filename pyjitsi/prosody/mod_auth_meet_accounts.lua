-- Accounts of our services, looked up in a file (a line each, "user:password"), never registered into a database:
-- to change a password is to write the file anew. It is read at each log-in; there are few.

local new_sasl = require "util.sasl".new;

local path = module:get_option_string("meet_accounts_file");

local function password_of(username)
	local file, err = io.open(path, "r");
	if not file then
		module:log("error", "The accounts' file can't be read: %s", err);
		return nil;
	end
	for line in file:lines() do
		local name, password = line:match("^([^:#]+):(.+)$");
		if name == username then
			file:close();
			return password;
		end
	end
	file:close();
	return nil;
end

local function in_a_file()
	return nil, "Accounts are declared in a file.";
end

local provider = { set_password = in_a_file, create_user = in_a_file, delete_user = in_a_file };

function provider.test_password(username, password)
	local expected = password_of(username);
	if expected == nil or expected ~= password then
		return nil, "Not authorized.";
	end
	return true;
end

function provider.get_password(username)
	local password = password_of(username);
	if password == nil then
		return nil, "No such account.";
	end
	return password;
end

function provider.user_exists(username)
	return password_of(username) ~= nil;
end

function provider.get_sasl_handler(session)
	if session and (session.websocket_request or session.bosh_version) then
		-- Services come over TCP. What browsers can reach offers them no password to guess.
		return new_sasl(module.host, {});
	end
	return new_sasl(module.host, {
		plain = function(_, username)
			local password = password_of(username);
			if password == nil then
				return "", nil;
			end
			return password, true;
		end;
	});
end

module:provides("auth", provider);

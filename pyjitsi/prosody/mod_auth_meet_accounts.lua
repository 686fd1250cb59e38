-- Accounts of our services, each looked up in a file of its own (a systemd credential, say) whose first line is the
-- password; never registered into a database: to change a password is to write the file anew. Read at each log-in.

local new_sasl = require "util.sasl".new;

local files = module:get_option("meet_accounts") or {};

local function password_of(username)
	local path = files[username];
	if path == nil then
		return nil;
	end
	local file, err = io.open(path, "r");
	if not file then
		module:log("error", "The password of %s can't be read: %s", username, err);
		return nil;
	end
	local password = file:read("*l");
	file:close();
	if password == "" then
		return nil;
	end
	return password;
end

local function in_files()
	return nil, "Accounts are declared in files.";
end

local provider = { set_password = in_files, create_user = in_files, delete_user = in_files };

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

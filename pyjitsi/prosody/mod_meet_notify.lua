-- Tells systemd when Prosody serves, and at its intervals that it still does (sd_notify(3): NOTIFY_SOCKET,
-- WATCHDOG_USEC). Does nothing where nobody asks, as with Prosody 13, which can tell by itself that it started.

module:set_global();

local address = os.getenv("NOTIFY_SOCKET");
if not address then return; end

local unix = require "socket.unix";
local watchdog = tonumber(os.getenv("WATCHDOG_USEC") or "");

local function notify(state)
	local sender = assert(unix.dgram());
	local sent, err = sender:sendto(state, (address:gsub("^@", "\0")));
	sender:close();
	if not sent then
		module:log("warn", "systemd was not told %s: %s", state, err);
	end
end

module:hook_global("server-started", function()
	notify("READY=1");
	if watchdog then
		module:add_timer(watchdog / 3e6, function()
			notify("WATCHDOG=1");
			return watchdog / 3e6;
		end);
	end
end);

module:hook_global("server-stopping", function() notify("STOPPING=1"); end);

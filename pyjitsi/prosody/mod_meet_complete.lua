-- A guard that fails to load leaves its hole open, and Prosody would merely log it. With one of ours missing on any
-- host the server ends at once instead.

module:set_global();

local modulemanager = require "core.modulemanager";

local function missing()
	for host in pairs(prosody.hosts) do
		for name in module:context(host):get_option_inherited_set("modules_enabled", {}) do
			if name:find("meet_", 1, true) and not modulemanager.is_loaded(host, name)
				and not modulemanager.is_loaded("*", name) then
				return name, host;
			end
		end
	end
end

module:hook("server-started", function()
	local name, host = missing();
	if name then
		module:log("error", "mod_%s isn't loaded on %s; the server ends rather than run without it", name, host);
		prosody.shutdown("mod_" .. name .. " isn't loaded on " .. host, 1);
	end
end);

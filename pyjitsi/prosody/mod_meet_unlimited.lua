-- Services' accounts send at their own pace: mod_limits' rate is for browsers.

local modulemanager = require "core.modulemanager";

module:hook("authentication-success", function(event)
	local limits = modulemanager.get_module("*", "limits");
	if limits then
		limits.unlimited(event.session);
	end
end);

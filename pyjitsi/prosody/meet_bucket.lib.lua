-- A token bucket that may run into debt: whoever overdraws it waits until the debt is paid, and nothing is lost.

local monotonic = require "util.time".monotonic;

local bucket_mt = {};
bucket_mt.__index = bucket_mt;

-- Take one token; the answer is how many seconds to wait, 0 for none.
function bucket_mt:take()
	local now = monotonic();
	self.level = math.min(self.burst, self.level + (now - self.at) * self.rate) - 1;
	self.at = now;
	return self.level < 0 and -self.level / self.rate or 0;
end

-- A full bucket: `rate` tokens a second flow in, `burst` is what it holds.
local function new(rate, burst)
	return setmetatable({ rate = rate, burst = burst, level = burst, at = monotonic() }, bucket_mt);
end

return { new = new };

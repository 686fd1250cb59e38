-- Streams over loopback count as secure: there is nobody to hide from, and a certificate for it would prove nothing.
-- All others must have TLS before log-in is offered (c2s_require_encryption).

local loopback = { ["127.0.0.1"] = true, ["::1"] = true, ["::ffff:127.0.0.1"] = true };

-- Before mod_saslauth asks whether the stream is secure.
module:hook("stream-features", function(event)
	local session = event.origin;
	if session.type == "c2s_unauthed" and not session.secure and loopback[session.ip] then
		session.secure = true;
	end
end, 1000);

-- How much a client may ask of the server: stanzas per session, log-ins per address. Whoever exceeds a rate is slowed
-- down and loses nothing, since a presence that is dropped would leave a wrong mute mark. mod_limits counts bytes, and
-- only on sockets; this counts stanzas, over WebSocket and BOSH.

local async = require "util.async";
local cache = require "util.cache";
local st = require "util.stanza";
local bucket = module:require "meet_bucket";

-- A second's and a burst's worth of each kind. A join with trickled candidates takes some forty requests at once.
local rates = {
	presence = { module:get_option_number("meet_presences_per_second", 4), 20 };
	message = { module:get_option_number("meet_messages_per_second", 5), 20 };
	iq = { module:get_option_number("meet_iqs_per_second", 15), 60 };
};
-- Many people share an office's address.
local logins_per_second = module:get_option_number("meet_logins_per_second", 10);
local login_burst = module:get_option_number("meet_login_burst", 60);
-- Beyond this the client is no client: a queue of stanzas, or of seconds, that nobody waits for.
local most_waiting = 1000;
local longest_wait = 10;

local addresses = cache.new(10000);

module:hook("pre-stanza", function(event)
	local session, stanza = event.origin, event.stanza;
	local rate = rates[stanza.name];
	if session.type ~= "c2s" or not rate or not async.ready() then
		return nil;
	end
	local buckets = session.meet_buckets or {};
	session.meet_buckets = buckets;
	buckets[stanza.name] = buckets[stanza.name] or bucket.new(rate[1], rate[2]);
	local wait = buckets[stanza.name]:take();
	if wait == 0 then
		return nil;
	end
	if session.thread and #session.thread.queue > most_waiting then
		session:close { condition = "policy-violation", text = "Too many stanzas" };
		return true;
	end
	if not session.meet_slowed then
		session.meet_slowed = true;
		session.log("info", "Slowed down: more %s stanzas than %g a second", stanza.name, rate[1]);
	end
	async.sleep(wait);
	if session.destroyed then
		return true; -- else a room would be entered by somebody who has gone
	end
end, 1000);

local function is_loopback(address)
	return address == "::1" or address:match("^127%.") ~= nil or address:match("^::ffff:127%.") ~= nil;
end

module:hook("stanza/urn:ietf:params:xml:ns:xmpp-sasl:auth", function(event)
	local session = event.origin;
	-- A proxy that doesn't say for whom it asks would be taken for one person.
	if not session.ip or is_loopback(session.ip) or not async.ready() then
		return nil;
	end
	local logins = addresses:get(session.ip) or bucket.new(logins_per_second, login_burst);
	addresses:set(session.ip, logins);
	local wait = logins:take();
	if wait > longest_wait then
		module:log("info", "Refused a log-in: more than %g a second from %s", logins_per_second, session.ip);
		session.send(st.stanza("failure", { xmlns = "urn:ietf:params:xml:ns:xmpp-sasl" }):tag("temporary-auth-failure"));
		return true;
	elseif wait > 0 then
		async.sleep(wait);
		if session.destroyed then
			return true;
		end
	end
end, 1000);

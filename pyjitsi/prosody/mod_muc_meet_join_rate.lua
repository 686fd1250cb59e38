-- Joins of one room come one after another: each costs a presence to everybody inside and an allocation at the bridge.
-- A hundred people may come at once; whoever comes faster waits at the door.

local async = require "util.async";
local cache = require "util.cache";
local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local bucket = module:require "meet_bucket";

local focus = module:get_option_string("meet_focus");
local rate = module:get_option_number("meet_joins_per_second", 40);
local burst = module:get_option_number("meet_join_burst", 100);
local longest_wait = 30;

local rooms = cache.new(10000);

module:hook("presence/full", function(event)
	local origin, stanza = event.origin, event.stanza;
	if stanza.attr.type ~= nil or not stanza:get_child("x", "http://jabber.org/protocol/muc")
		or jid_bare(stanza.attr.from) == focus or not async.ready() then
		return nil;
	end
	local room = jid_bare(stanza.attr.to);
	local joins = rooms:get(room) or bucket.new(rate, burst);
	rooms:set(room, joins);
	local wait = joins:take();
	if wait > longest_wait then
		origin.send(st.error_reply(stanza, "wait", "resource-constraint", "Too many join this room at once"));
		return true;
	elseif wait > 0 then
		async.sleep(wait);
		if origin.destroyed then
			return true;
		end
	end
end, 100);

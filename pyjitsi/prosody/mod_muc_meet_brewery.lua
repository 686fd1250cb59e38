-- The breweries where services announce themselves: no other room exists beside them.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;

local breweries = module:get_option_set("meet_breweries", {});

module:hook("muc-room-pre-create", function(event)
	if not breweries:contains(jid_bare(event.stanza.attr.to)) then
		event.origin.send(st.error_reply(event.stanza, "auth", "forbidden", "No such brewery"));
		return true;
	end
end, 100);

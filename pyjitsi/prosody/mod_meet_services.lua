-- The room services as clients find them: identities of the clients' domain, each naming the address that speaks for
-- it. Clients that were told right after log-in ask nothing more; they expect their TURN servers in a room's first
-- metadata then (mod_muc_meet_rooms).

local st = require "util.stanza";

local rooms = module:get_option_string("meet_rooms");
local breakout = module:get_option_string("meet_breakout");
local lobby = module:get_option_string("meet_lobby");
local display_name_required = module:get_option_boolean("meet_lobby_display_name_required", true);

-- Jitsi has a component for each of these. Clients ask only that messages come from an address that was named.
local identities = {
	{ category = "component", type = "av_moderation", name = rooms };
	{ category = "component", type = "breakout_rooms", name = breakout };
	{ category = "component", type = "end_conference", name = rooms };
	{ category = "component", type = "lobbyrooms", name = lobby };
	{ category = "component", type = "polls", name = rooms };
	{ category = "component", type = "room_metadata", name = rooms };
	{ category = "component", type = "speakerstats", name = rooms };
};
local features = { "http://jitsi.org/protocol/breakout_rooms#rename" };
if display_name_required then
	table.insert(features, "http://jitsi.org/protocol/lobbyrooms#displayname_required");
end

for _, identity in ipairs(identities) do
	module:add_identity(identity.category, identity.type, identity.name);
end

module:hook("resource-bind", function(event)
	local session = event.session;
	local query = st.stanza("query", { xmlns = "http://jabber.org/protocol/disco#info" });
	for _, identity in ipairs(identities) do
		query:tag("identity", identity):up();
	end
	for _, feature in ipairs(features) do
		query:tag("feature", { var = feature }):up();
	end
	session.send(st.message({ from = module.host, to = session.full_jid }):add_child(query));
end);

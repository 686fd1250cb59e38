-- Tells a client what it may do, in its own presence of a room: the features of its log-in, or a moderator's.

local st = require "util.stanza";
local jid_host = require "util.jid".host;
local array = require "util.array";

local JITMEET = "http://jitsi.org/jitmeet";
local conference = module:get_option_string("meet_conference");
local breakout = module:get_option_string("meet_breakout");
-- Jitsi's, of what there is here.
local moderators = module:get_option_array("meet_moderator_permissions",
	array { "create-polls", "livestreaming", "outbound-call", "recording", "send-groupchat", "transcription" });

local function permissions_of(session, role)
	local permissions = st.stanza("permissions", { xmlns = JITMEET });
	local identity = session and session.meet_identity;
	if type(identity) == "table" and type(identity.features) == "table" then
		for name, value in pairs(identity.features) do
			if value == true or value == "true" then
				permissions:tag("p", { name = tostring(name), val = "true" }):up();
			end
		end
		return permissions;
	elseif role == "moderator" then
		for _, name in ipairs(moderators) do
			permissions:tag("p", { name = name, val = "true" }):up();
		end
		if session then
			session.meet_permitted = true;
		end
		return permissions;
	end
	-- Clients keep what they were told: who moderates no more is told of nothing.
	return session and session.meet_permitted and permissions or nil;
end

module:hook("presence/full", function(event)
	local stanza = event.stanza;
	local host = jid_host(stanza.attr.from);
	if stanza.attr.type ~= nil or host ~= conference and host ~= breakout then
		return nil;
	end
	local x = stanza:get_child("x", "http://jabber.org/protocol/muc#user");
	for status in (x and x:childtags("status") or function() end) do
		if status.attr.code == "110" then
			local item = x:get_child("item");
			stanza:remove_children("permissions", JITMEET);
			local permissions = permissions_of(prosody.full_sessions[stanza.attr.to], item and item.attr.role);
			if permissions then
				stanza:add_child(permissions);
			end
			return nil;
		end
	end
end, 1000);

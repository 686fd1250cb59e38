-- Carries a log-in from one connection to another. Standard clients log in on a second connection, where they ask the
-- focus for a conference and get a session id, and show that id on the anonymous one on which they meet others. The
-- focus can't see sessions here: on the way there a request is marked with what its sender proved, and the mark comes
-- back with the answer to whoever shows the id.
--
--     <conference xmlns="http://jitsi.org/protocol/focus" …>
--       <login xmlns="urn:pyjitsi:rooms" moderator="true">JSON</login>
--
-- `meet_guests`: this is the anonymous host.

local st = require "util.stanza";
local json = require "util.json";

local FOCUS = "http://jitsi.org/protocol/focus";
local NS = "urn:pyjitsi:rooms";

local focus = module:get_option_string("meet_focus_host");
local guests = module:get_option_boolean("meet_guests", false);

module:hook("pre-iq/host", function(event)
	local stanza, session = event.stanza, event.origin;
	if stanza.attr.to ~= focus then
		return nil;
	end
	local conference = stanza:get_child("conference", FOCUS);
	if conference then
		conference:remove_children("login", NS);
		if not guests and session.meet_scope then
			local proof = json.encode({ identity = session.meet_identity, scope = session.meet_scope });
			conference:add_direct_child(
				st.stanza("login", { xmlns = NS, moderator = tostring(session.meet_moderator == true) }):text(proof));
		end
	elseif guests and stanza:get_child("logout", FOCUS) then
		session.meet_identity, session.meet_scope, session.meet_moderator = nil, nil, nil;
	end
end, 100);

if not guests then
	return;
end

module:hook("iq/full", function(event)
	local stanza = event.stanza;
	local conference = stanza.attr.from == focus and stanza:get_child("conference", FOCUS);
	local login = conference and conference:get_child("login", NS);
	if not login then
		return nil;
	end
	conference:remove_children("login", NS);
	local session, proved = prosody.full_sessions[stanza.attr.to], json.decode(login:get_text());
	if session and type(proved) == "table" then
		session.meet_identity, session.meet_scope = proved.identity, proved.scope;
		session.meet_moderator = login.attr.moderator == "true";
	end
end, 1000);

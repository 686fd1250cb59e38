-- Asks the room services whether a log-in is for this room, and whether it moderates here. Idle where nobody logs in.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local jid_host = require "util.jid".host;

if not module:get_option_boolean("meet_login_asks", false) then return; end

local verdict = module:require "meet_verdict";
local JITMEET = "http://jitsi.org/jitmeet";
local focus = module:get_option_string("meet_focus");
local services = module:get_option_set("meet_services_enter", {});

local function is_service(from)
	return jid_bare(from) == focus or services:contains(jid_host(from));
end

module:hook("muc-occupant-pre-join", function(event)
	local stanza, room = event.stanza, event.room;
	local from = stanza.attr.from;
	if is_service(from) then
		return nil;
	end
	local session = prosody.full_sessions[from];
	local node = room.jid:match("^(.*)@");
	local answer = session and verdict.ask("enter", { node = node, scope = session.meet_scope });
	if answer and answer.allow == true then
		event.meet_owner = answer.owner == true;
		return nil;
	end
	local reply;
	if answer then
		reply = st.error_reply(stanza, "cancel", "not-allowed", answer.text);
		if answer.tag then
			reply:tag(answer.tag, { xmlns = JITMEET }):up();
		end
	else
		reply = st.error_reply(stanza, "wait", "internal-server-error", "Entries can't be judged now");
	end
	event.origin.send(reply);
	return true;
end, 99);

-- Before members-only is looked at, as a moderator needs nobody's leave; somebody who was banned stays out.
module:hook("muc-occupant-pre-join", function(event)
	local bare = jid_bare(event.stanza.attr.from);
	if event.meet_owner and event.room:get_affiliation(bare) ~= "outcast" then
		event.room:set_affiliation(true, bare, "owner");
		event.occupant.role = event.room:get_default_role("owner"); -- was chosen before
	end
end, -3.5);

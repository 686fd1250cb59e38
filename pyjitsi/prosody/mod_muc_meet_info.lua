-- What clients ask a room about its meeting: its id, and when it began (milliseconds), for the clock they show.
-- The focus reads the id from the owner's form and gives it to bridges, so that everybody means the same meeting.

local uuid = require "util.uuid".generate;
local now = require "util.time".now;

local function remember(room)
	if not room.meet_id then
		room.meet_id = uuid();
		room.meet_created = string.format("%d", math.floor(now() * 1000));
	end
end

module:hook("muc-room-created", function(event)
	remember(event.room);
end);

module:hook("muc-disco#info", function(event)
	remember(event.room);
	table.insert(event.form, { name = "muc#roominfo_meetingId", label = "Id of the meeting" });
	event.formdata["muc#roominfo_meetingId"] = event.room.meet_id;
	table.insert(event.form, { name = "muc#roominfo_created_timestamp", label = "When the meeting began" });
	event.formdata["muc#roominfo_created_timestamp"] = event.room.meet_created;
end);

module:hook("muc-config-form", function(event)
	remember(event.room);
	table.insert(event.form, {
		name = "muc#roominfo_meetingId";
		type = "text-single";
		label = "Id of the meeting";
		value = event.room.meet_id;
	});
end);

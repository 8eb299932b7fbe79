-- A window keeps the profile of its device at the time: one enrolled anew from wrist to waist would make what its wrist did a waist's.
-- Of before, what was judged gets the profile that its device has now. Samples are many and go in 30 days: they stay without, and are
-- read with their device's.

ALTER TABLE windows ADD COLUMN profile text;
UPDATE windows SET profile = devices.profile FROM devices WHERE devices.device_id = windows.device_id AND NOT windows.sampled;

# What the service says by itself.

service-paused = Descry is paused.
service-goes-on = Descry goes on.
service-settings-stay = the settings stay as they were: { $reason }
service-failed = the service descryd failed: { $reason }
service-no-answer = it did not answer
service-odd = its answer is of another kind; is it of another version?
# What another program says, as it is.
service-said = { $words }
service-not-running = The service descryd does not run. Start it with: systemctl --user start descryd
service-please-wait = Please wait.

# Why there is no description, as it is said and printed.

failure-picture = I can't describe the picture: { $reason }
failure-screen = I can't describe the screen: { $reason }
failure-camera = I can't see: { $reason }
failure-pictures = I can't describe pictures: { $reason }
failure-model-unavailable = the model cannot be used: { $reason }
failure-model = the model failed: { $reason }
# An option of another program, which is told in English.
failure-option = { $problem }
failure-cancelled = the request was called off
failure-timed-out = it took too long
failure-paused = Descry is paused; descry resume lets it go on
failure-nothing-yet = nothing has been described yet
failure-rate-limited = too many requests at once
failure-ending = Descry is ending

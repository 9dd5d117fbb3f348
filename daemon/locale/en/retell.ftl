# What is said when somebody asks for more, for other words, or how long ago it was. $language is as in caption.ftl.

retell-could-be = It could also be{ $language }: { $caption }
retell-or = Or: { $caption }
retell-guess = A guess, which is likely wrong{ $language }: { $caption }
retell-perhaps = Or perhaps{ $language }: { $caption }
retell-may-show = It may also show{ $language }: { $things }.
retell-nothing-else = The model found nothing else that it could be.
retell-no-other-words = I have no other words for it. { $spoken }
retell-no-more-words = I have no more words for it. Again: { $spoken }
retell-sure = The model is fairly sure of it: { $percent } percent.
retell-less-sure = The model is not very sure of it: { $percent } percent.
retell-unsure = The model is not at all sure of it: { $percent } percent.
retell-when = That was { $age }.

retell-age-now = just now
retell-age-seconds = { $count ->
    [one] { $count } second ago
   *[other] { $count } seconds ago
}
retell-age-minutes = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
retell-age-hours = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}

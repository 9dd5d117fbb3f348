# Was gesagt wird, wenn jemand nach mehr fragt, nach anderen Worten, oder wie lange es her ist. $language ist wie in
# caption.ftl.

retell-could-be = Es könnte auch sein{ $language }: { $caption }
retell-or = Oder: { $caption }
retell-guess = Eine Vermutung, die wahrscheinlich falsch ist{ $language }: { $caption }
retell-perhaps = Oder vielleicht{ $language }: { $caption }
retell-may-show = Vielleicht ist auch zu sehen{ $language }: { $things }.
retell-nothing-else = Das Modell hat nichts anderes gefunden, was es sein könnte.
retell-no-other-words = Ich habe keine anderen Worte dafür. { $spoken }
retell-no-more-words = Ich habe keine weiteren Worte dafür. Noch einmal: { $spoken }
retell-sure = Das Modell ist ziemlich sicher: { $percent } Prozent.
retell-less-sure = Das Modell ist nicht sehr sicher: { $percent } Prozent.
retell-unsure = Das Modell ist gar nicht sicher: { $percent } Prozent.
retell-when = Das war { $age }.

retell-age-now = gerade eben
retell-age-seconds = { $count ->
    [one] vor { $count } Sekunde
   *[other] vor { $count } Sekunden
}
retell-age-minutes = { $count ->
    [one] vor { $count } Minute
   *[other] vor { $count } Minuten
}
retell-age-hours = { $count ->
    [one] vor { $count } Stunde
   *[other] vor { $count } Stunden
}

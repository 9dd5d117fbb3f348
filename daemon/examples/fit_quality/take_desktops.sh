#!/bin/sh
# Takes pictures of real desktops whose wallpaper is a photo, for measuring only: take_desktops.sh OUTPUT PHOTOS
# PHOTOS is a folder; each of its photos is the wallpaper of one desktop. None of the programs is one of take_screens.sh.
# Needs: xvfb icewm feh imagemagick xdotool x11-utils tint2 xfe mate-calc dillo fltk1.3-games featherpad qterminal
set -eu
output=$1 photos=$2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/virtual_screen.sh"
export XDG_RUNTIME_DIR="$home" QT_QPA_PLATFORM=xcb

# Runs a program, and waits until it shows one more window than there were, which takes long on a busy machine.
run() {
    before=$(windows)
    begin "$@"
    for _ in $(seq 60); do
        [ "$(windows)" -le "$before" ] || break
        sleep 0.5
    done
}
windows() { xdotool search --onlyvisible --name '.+' 2>/dev/null | wc -l; }
# A window of its own size and place: the one that came last.
place() { xdotool getactivewindow windowsize "$1" "$2" windowmove "$3" "$4" 2>/dev/null || true; }
arrange() {
    case $1 in
        0) run tint2 ;;
        1) run mate-calc; place 340 420 700 160 ;;
        2) run tint2; run xfe "$here"; place 620 380 60 60 ;;
        3) run featherpad "$here/main.rs"; place 520 420 90 200 ;;
        4) run tint2; run qterminal -e "sh -c 'ls -l /usr; sleep 90'"; place 600 300 560 90 ;;
        5) run dillo "file://$here/README.md"; place 560 360 40 300; run mate-calc ;;
        6) run tint2; run flcheckers ;;
        7) run xmessage -center "The backup of last night has failed. Try again?" ;;
    esac
}

sizes=0
for size in 1366x768 1600x900 1280x1024; do
    sizes=$((sizes + 1)) photo_number=0
    switch_on "$size" icewm
    sleep 2
    for photo in "$photos"/*; do
        photo_number=$((photo_number + 1))
        [ $((photo_number % 3)) = $((sizes % 3)) ] || continue
        case $((count % 3)) in
            0) fill=--bg-fill ;;
            1) fill=--bg-max ;;
            *) fill=--bg-center ;;
        esac
        feh --no-fehbg "$fill" "$photo" 2>/dev/null || continue
        arrange $((count % 8))
        sleep 3
        count=$((count + 1))
        import -window root -quality 10 "$output/screen/$(printf %03d $count)-$size.png" 2>/dev/null || true
        close
    done
    switch_off
done
end

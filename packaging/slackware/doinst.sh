# A configuration that is there is kept; the new one lies beside it unless it is the same.
config() {
  NEW="$1"
  OLD="$(dirname "$NEW")/$(basename "$NEW" .new)"
  if [ ! -r "$OLD" ]; then
    mv "$NEW" "$OLD"
  elif [ "$(md5sum < "$OLD")" = "$(md5sum < "$NEW")" ]; then
    rm "$NEW"
  fi
}

preserve_perms() {
  NEW="$1"
  OLD="$(dirname "$NEW")/$(basename "$NEW" .new)"
  if [ -e "$OLD" ]; then
    cp -a "$OLD" "$NEW.incoming"
    cat "$NEW" > "$NEW.incoming"
    mv "$NEW.incoming" "$NEW"
  fi
  config "$NEW"
}

find etc/fail2ban -name '*.new' -type f | while read -r file; do config "$file"; done
config etc/logrotate.d/fail2ban.new
preserve_perms etc/rc.d/rc.fail2ban.new

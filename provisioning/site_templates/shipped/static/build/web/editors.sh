#!/bin/sh
# Who may log in at /admin/, from the environment. Only the workers of nginx read the file.
set -eu
umask 027
printf '%s:{PLAIN}%s\n' "$EDITOR_NAME" "$EDITOR_PASSWORD" >/etc/nginx/editors
chgrp nginx /etc/nginx/editors

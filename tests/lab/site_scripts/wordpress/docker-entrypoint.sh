#!/bin/sh
# Puts WordPress and its configuration where they are not, for whatever begins with apache2.
set -eu
case "$1" in apache2*)
  cd /var/www/html
  if [ ! -e wp-includes/version.php ]; then
    cp -r /usr/src/wordpress/. .
    chown -R www-data:www-data .
  fi
  if [ ! -e wp-config.php ]; then
    salt=$(head -c 32 /dev/urandom | base64)
    sed "s|put a random value here|$salt|" wp-config-docker.php >wp-config.php
    chown www-data:www-data wp-config.php
  fi
  ;;
esac
exec "$@"

<?php
// Run before Apache starts, so nobody else can be the first to set the site up.
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = parse_url((string) getenv('SITE_URL'), PHP_URL_HOST) ?: 'localhost';
$_SERVER['HTTPS'] = getenv('SITE_URL') ? 'on' : '';
require '/var/www/html/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
if (is_blog_installed()) {
    exit(0);
}
// A new site sends no mail: there is nobody yet to send it through.
add_filter('pre_wp_mail', '__return_true');
wp_install(
    getenv('SITE_TITLE'),
    getenv('SITE_ADMIN'),
    getenv('SITE_ADMIN_EMAIL'),
    true,
    '',
    wp_slash(getenv('SITE_ADMIN_PASSWORD')),
);
echo "WordPress is installed.\n";

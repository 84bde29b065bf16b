"""How SiteFlow itself is: each of its parts asked, in bounded time, and told in words."""

// Who may log in at /admin. There is no page to register oneself.
export const Users = {
  slug: "users",
  auth: { maxLoginAttempts: 10, lockTime: 10 * 60 * 1000 },
  admin: { useAsTitle: "email" },
  access: { admin: ({ req }) => Boolean(req.user) },
  fields: [],
};

"""Whatever people type and hosts say is hostile here: through every field, page, socket and verb.

Each field of the API gets three of five values of the corpus. Of those that are read alike – in the
same place by the same schema, and where any text may be right, of the same name – that is the one
on the shortest address; the others get one of ten, for each address other ones, and whatever
readers differ in most. Each field of a form gets one of ten; of those of the same name on pages of
the same kind of thing, but for its verbs, that is the first, the others get a third of it. With
HOSTILE=all in the environment every field gets every value, with HOSTILE=few one of fifteen.
"""

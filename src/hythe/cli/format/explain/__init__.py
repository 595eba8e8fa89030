"""The page of `hythe explain`: what each section shows, and how a page is laid out."""

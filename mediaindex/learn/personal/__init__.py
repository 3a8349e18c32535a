"""The user's captions, marks and picks → a ranking of their own library, kept where it is proven better."""

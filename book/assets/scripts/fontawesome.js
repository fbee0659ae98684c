// Takes the place of the theme's file of the same path, 1.5 MB of icons. The dozen that this book shows are in theme.css.

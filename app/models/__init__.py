"""The models a person has, opened lately or could fetch: folder, thumbnails, catalogue, download.

Nothing here but `thumbnailer`, which runs in a process of its own, imports torch.
"""

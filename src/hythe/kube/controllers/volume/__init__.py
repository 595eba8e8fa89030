"""PersistentVolumes and their claims: who has which."""

"""The forms of requests and answers that clients already speak, one file each."""

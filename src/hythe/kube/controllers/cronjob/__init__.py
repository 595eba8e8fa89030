"""CronJobs: Jobs made at times that a line of cron's describes."""
